"""One file per `gongji` command."""
