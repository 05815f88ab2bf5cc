"""axe-core in the page: what it finds wrong, in words."""

from typing import Any

from playwright.sync_api import Page

from tests.flows.house import ROOT

SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RUN = """(rules) => axe
  .run(document, { resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}) })
  .then(({ violations }) => violations)"""
# What may turn out differently when only colours and widths change.
OF_LOOKS = (
    "aria-hidden-focus",
    "button-name",
    "color-contrast",
    "label-content-name-mismatch",
    "link-in-text-block",
    "link-name",
    "nested-interactive",
    "scrollable-region-focusable",
)


def violations(page: Page, *rules: str) -> list[str]:
    """Each as rule, element and what to do; of these rules only, or of all.

    By evaluation from outside, which the page's policy does not govern.
    """
    if not page.evaluate("() => 'axe' in window"):
        assert SOURCE.is_file(), "axe-core is missing: bin/setup --assets installs it"
        page.evaluate(SOURCE.read_text())
    found: list[dict[str, Any]] = page.evaluate(RUN, rules)
    return [
        f"{rule['id']}: {' '.join(node['target'])}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
