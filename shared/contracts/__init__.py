"""The contract of gongji: every message that a service or an outsider may read or write.

One module per subject; `topics` is the registry that says which type travels on which topic under which key.
Nothing here does I/O except the loaders of the committed data files.
"""
