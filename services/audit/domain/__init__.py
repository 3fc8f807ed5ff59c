"""Pure decisions of audit: values in, values out."""
