"""Put files into the storage, give them to their owners, and remove those that nobody owns: `chassis.kept_files`."""

from chassis.kept_files import InUse, KeptFiles

from catalog.files.models import UnwantedFile

__all__ = [
    "CHANNEL",
    "InUse",
    "discard",
    "discard_all",
    "forget",
    "give",
    "give_all",
    "hurry",
    "jobs",
    "remove_unwanted",
    "store",
    "sweep",
]

# Triggers of migrations name it too.
CHANNEL = "lyceum_unwanted_files"
_kept = KeptFiles(UnwantedFile, channel=CHANNEL)

store = _kept.store
give = _kept.give
give_all = _kept.give_all
hurry = _kept.hurry
forget = _kept.forget
discard = _kept.discard
discard_all = _kept.discard_all
remove_unwanted = _kept.remove_unwanted
sweep = _kept.sweep
jobs = _kept.jobs
