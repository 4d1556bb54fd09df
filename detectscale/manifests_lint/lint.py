"""
Applies the table of rules, and says what it found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import Manifest
from detectscale.manifests_lint.rules import RULES, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """One manifest that breaks one rule."""

    manifest: Manifest
    rule: Rule
    what: str
    """Which value is wrong."""

    def __str__(self) -> str:
        rule = self.rule
        return f"{self.manifest.place}: {self.what} [{rule.name}]\n  why: {rule.why}\n  fix: {rule.fix}"


def findings(manifests: Sequence[Manifest], installation: Installation | None = None) -> Iterator[Finding]:
    """
    All that is wrong, in the order of the manifests.

    Args:
        installation: What they mean together; None: nothing but they says that.

    Raises:
        ConfigError: A manifest holds settings that cannot be used.
    """
    installation = installation or Installation(manifests)
    for manifest in manifests:
        for rule in RULES:
            if manifest.kind in rule.kinds:
                for what in rule.check(manifest, installation):
                    yield Finding(manifest, rule, what)


def report(manifests: Sequence[Manifest]) -> bool:
    """Print what is wrong, a blank line after each; True: nothing is."""
    found = list(findings(manifests))
    for finding in found:
        print(finding, end="\n\n")
    print(f"{len(manifests)} manifests, {len(found)} findings")
    return not found
