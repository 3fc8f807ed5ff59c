"""The surname of a Chinese name: all that a call may say of a person before it knows who listens."""

import re
from typing import Final

_COMPOUND: Final = re.compile(
    "|".join(
        re.findall(
            "..",
            "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于"
            "司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘左丘东门西门南荣第五",
        )
    )
)
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]{2,4}")
_SINGLE_AT_MOST: Final = 3
"""Characters of a name with a surname of one; four without a compound surname are a name that has none, such as 阿依古丽."""


def surname(name: str) -> str | None:
    """`王` of 王小明, `欧阳` of 欧阳修; None for a name that has no surname, or not surely one."""
    if not _HAN.fullmatch(name):
        return None
    if len(name) > 2 and (compound := _COMPOUND.match(name)):
        return compound[0]
    return name[0] if len(name) <= _SINGLE_AT_MOST else None
