"""What two persons are to one another: the kinds of relation, their names and their opposites."""

from enum import StrEnum


class Relation(StrEnum):
    """What the beneficiary is to the sponsor. The first nine are 近亲属 (民法典 §1045)."""

    SPOUSE = "spouse"  # 配偶
    PARENT = "parent"  # 父母
    CHILD = "child"  # 子女
    SIBLING = "sibling"  # 兄弟姐妹
    GRANDPARENT = "grandparent"  # 祖父母
    MATERNAL_GRANDPARENT = "maternal-grandparent"  # 外祖父母
    GRANDCHILD = "grandchild"  # 孙子女
    MATERNAL_GRANDCHILD = "maternal-grandchild"  # 外孙子女
    PARENT_IN_LAW = "parent-in-law"  # 公婆、岳父母
    CHILD_IN_LAW = "child-in-law"  # 儿媳、女婿

    @property
    def in_law(self) -> bool:
        return self in (Relation.PARENT_IN_LAW, Relation.CHILD_IN_LAW)


RELATIONS_ZH = {
    Relation.SPOUSE: "配偶",
    Relation.PARENT: "父母",
    Relation.CHILD: "子女",
    Relation.SIBLING: "兄弟姐妹",
    Relation.GRANDPARENT: "祖父母",
    Relation.MATERNAL_GRANDPARENT: "外祖父母",
    Relation.GRANDCHILD: "孙子女",
    Relation.MATERNAL_GRANDCHILD: "外孙子女",
    Relation.PARENT_IN_LAW: "公婆、岳父母",
    Relation.CHILD_IN_LAW: "儿媳、女婿",
}
"""What an applicant reads of a relation."""

OPPOSITE = {
    Relation.SPOUSE: Relation.SPOUSE,
    Relation.SIBLING: Relation.SIBLING,
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.MATERNAL_GRANDPARENT: Relation.MATERNAL_GRANDCHILD,
    Relation.MATERNAL_GRANDCHILD: Relation.MATERNAL_GRANDPARENT,
    Relation.PARENT_IN_LAW: Relation.CHILD_IN_LAW,
    Relation.CHILD_IN_LAW: Relation.PARENT_IN_LAW,
}
"""What the sponsor is to the beneficiary."""
