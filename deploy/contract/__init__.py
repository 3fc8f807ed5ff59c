"""Keeps what is derived from the message models in step with them: schemas, samples, AsyncAPI document, list of reasons.

`gongji contract generate` writes, `gongji contract check` compares, `gongji contract verify` plays conversations against one service.
"""
