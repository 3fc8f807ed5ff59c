"""Where audit reads documents from: a local folder, or a bucket of any store that speaks S3."""
