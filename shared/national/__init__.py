"""Payloads of the national interface for designated institutions (定点医药机构接口), read and written.

An institution's own system speaks this interface; gongji's messages carry the same figures under the same names, in one convention.
Translators are pure. They are tolerant in reading (numbers for text, empty strings and nulls, a body without its wrapper, known
misspellings) and exact in writing, and no amount is ever a binary fraction. They translate and never repair: what does not add
up is left for settlement to decline, what cannot be translated raises `Untranslatable` with every fault.

Source: interface models of public clients of the national platform, as listed in docs/national.md.
"""
