"""How large a package may be, and the account that is kept while one is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins_registry.conf import conf
from plugins_registry.package.problems import PackageProblem

#: Folders within folders.
DEPTH = 12
#: One path, in characters.
PATH_CHARACTERS = 200
#: A compressed file that grows by more than this is a bomb, not a package.
COMPRESSION_RATIO = 200


@dataclass(kw_only=True)
class Budget:
    """What is left of the limits. Counts real bytes, whatever headers say."""

    files: int = field(default_factory=lambda: conf.PACKAGE_MAX_FILES)
    total_bytes: int = field(default_factory=lambda: conf.PACKAGE_MAX_TOTAL_BYTES)
    file_bytes: int = field(default_factory=lambda: conf.PACKAGE_MAX_FILE_BYTES)

    def count_entry(self) -> None:
        """One more file or folder."""
        self.files -= 1
        if self.files < 0:
            raise PackageProblem(
                f"it has more than {conf.PACKAGE_MAX_FILES} files; leave out what does not run"
            )

    def count_bytes(self, path: str, chunk: int, so_far: int) -> None:
        """One more chunk of a file of which `so_far` bytes were read, this chunk included."""
        self.total_bytes -= chunk
        if so_far > self.file_bytes:
            raise PackageProblem(f"{path!r} is larger than {self.file_bytes} bytes; shrink it")
        if self.total_bytes < 0:
            raise PackageProblem(
                f"it is larger than {conf.PACKAGE_MAX_TOTAL_BYTES} bytes; leave out what "
                f"does not run"
            )
