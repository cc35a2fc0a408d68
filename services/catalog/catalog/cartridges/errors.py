"""What can be wrong with a cartridge as a whole; what is wrong with a part of it is reported instead."""

from chassis.errors import Invalid


class CartridgeBroken(Invalid):
    """`reason` says what; `line` and `column` where in imsmanifest.xml, where it is known."""

    slug = "cartridge-broken"
    title = "The manifest of this cartridge cannot be read"


class NotACartridge(Invalid):
    slug = "not-a-cartridge"
    title = "This package is of another kind than IMS Common Cartridge"


class CartridgeEmpty(Invalid):
    """`left` lists the first of what was found and not taken: `what`, and `why`."""

    slug = "cartridge-empty"
    title = "Nothing in this cartridge can be taken into a course"
