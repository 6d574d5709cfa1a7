"""Every page renders, on a desk and on a phone, in dark and light, and stays live."""

from __future__ import annotations

import re
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="needs playwright").expect

PAGES = {
    "/": "Dashboard",
    "/positions": "Positions",
    "/trades": "Trades",
    "/performance": "Performance",
    "/signals": "Signals",
    "/history": "Alerts & history",
    "/history?tab=decisions": "Alerts & history",
    "/history?tab=audit": "Alerts & history",
    "/health": "Health",
    "/settings": "Settings",
}


@pytest.mark.parametrize("path", PAGES)
def test_page_renders_without_a_complaint(window: Any, path: str) -> None:
    page = window.open(path)
    expect(page.locator("main h1")).to_have_text(PAGES[path])
    expect(page.locator(".mode-badge")).to_have_text("DEMO")
    expect(page.locator(".state-badge")).to_have_text(re.compile("Running|Paused"))
    assert page.locator("main .card, main .stats").count() > 0
    assert window.complaints == []


def test_first_page_answers_the_five_questions(window: Any) -> None:
    page = window.open("/")
    glance = page.get_by_role("region", name="At a glance")
    for question in ("Is it running?", "What does it hold?", "Where is the stop?", "Earned today"):
        expect(glance.get_by_role("heading", name=question)).to_be_visible()
    expect(glance.get_by_role("heading", name=re.compile("^Why"))).to_be_visible()
    expect(glance).to_contain_text("no real money")
    expect(page.locator(".chart-foot")).to_contain_text(re.compile("last bar closed .*2025"))
    expect(page.get_by_role("link", name="Charts by TradingView")).to_be_visible()


_HELD = {
    **{"symbol": "BTCUSDT", "direction": "long", "qty": "0.5", "entry_price": "40000", "last_price": "40010"},
    **{"stop_loss": "39000", "unrealised_pnl": "5", "unrealised_r": 0.01, "fees": "11", "funding": "-0.25"},
    **{"opened": "2025-01-01T12:00:00Z", "age_s": 60, "bars_held": 1, "entry_breakdown": []},
}
_DRAWN = """async ([held, account]) => {
  const [{ render }, { positionCard }, { glance }, positions] = await Promise.all(['/js/ui/vdom.js',
    '/js/ui/position_card.js', '/js/pages/glance.js', '/js/pages/positions.js'].map((path) => import(path)));
  const at = (name) => ({ positions: { a: held }, account, orders: {}, trades: {} })[name];
  const drawn = [positionCard(held), positionCard(held, true), glance({ get: at })].map((part) => {
    const element = document.createElement('div');
    render(element, part);
    return element.textContent;
  });
  const page = document.createElement('div');
  positions.open(page, { store: { get: at } });
  return [...drawn, page.textContent];
}"""


def test_an_open_result_says_what_it_leaves_out(window: Any) -> None:
    """It has gained 5 by price, and cost 11 to enter."""
    page = window.open("/positions")
    card, full, glance, whole = page.evaluate(_DRAWN, [_HELD, {"open_risk": "1", "open_risk_pct": 0.1}])
    for text in (card, full, glance, whole):
        assert re.search(r"\+5\.00 ?USDT,? by price alone", text), text
        assert "exit cost" not in text
    for text in (card, whole):
        assert "fees so far 11.00 USDT, funding received 0.25 USDT" in text
    assert "Fees so far11.00 USDT" in full
    assert "costs 500.00 USDT by price if hit" in glance
    assert "Lost if the stop is hit500.00 USDT by price" in full


def test_a_guardrails_pause_is_why_nothing_is_held(window: Any) -> None:
    status = {
        **{"state": "paused", "symbols": ["BTCUSDT"], "interval": "5", "mode": "demo", "kind": "daemon"},
        **{"manual_pause": False, "blocked_by": [], "paused_until": "2025-01-01T13:45:00Z"},
    }
    text = window.open("/positions").evaluate(
        """async (status) => {
          const { glance } = await import('/js/pages/glance.js');
          const { render } = await import('/js/ui/vdom.js');
          const element = document.createElement('div');
          render(element, glance({ get: (name) => ({ positions: {}, status })[name] }));
          return element.textContent;
        }""",
        status,
    )
    assert re.search(r"Why is nothing held\?Paused by a guardrail until 01 Jan, \d\d:\d\d\.", text)


def test_live_updates_arrive_without_loading(window: Any) -> None:
    page = window.open("/")
    price = page.locator(".heading-price")
    expect(price).to_have_text(re.compile(r"\d"))
    before = price.inner_text()
    expect(price).not_to_have_text(before)
    bar = page.locator(".chart-legend")
    legend = bar.inner_text()
    expect(bar).not_to_have_text(legend)
    assert window.complaints == []


def test_nothing_is_wider_than_a_phone(phone: Any) -> None:
    for path in PAGES:
        page = phone.open(path)
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{path} is {over} px too wide"
    assert phone.complaints == []


def test_phone_reaches_every_page_and_command(phone: Any) -> None:
    page = phone.open("/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("dialog").get_by_role("link", name="Health").click()
    expect(page.locator("main h1")).to_have_text("Health")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Control").click()
    page.get_by_role("dialog").get_by_role("button", name="Panic").click()
    expect(page.get_by_role("dialog")).to_contain_text("Type PANIC")


def test_theme_is_chosen_and_kept(window: Any) -> None:
    page = window.open("/")
    root = page.locator("html")
    first = root.get_attribute("data-theme")
    page.locator(".side .theme-switch").click()
    expect(root).not_to_have_attribute("data-theme", first or "")
    chosen = root.get_attribute("data-theme")
    window.open("/positions")
    expect(root).to_have_attribute("data-theme", chosen or "")


def test_closed_trades_tell_why_and_leave_as_csv(window: Any, daemon: Any) -> None:
    page = window.open("/trades")
    rows = page.locator("tr.trade-row")
    expect(rows.first).to_be_visible()
    rows.first.get_by_role("button").click()
    expect(page.locator(".trade-details").first).to_contain_text("Why it was entered")
    expect(page.locator(".trade-details .breakdown-row").first).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    lines = saved.value.path().read_text().splitlines()
    assert lines[0].startswith("trade_id,")
    assert len(lines) > 1
    page.get_by_label("Side").select_option("Sell")
    expect(page.locator("tr.trade-row .side-word.gain")).to_have_count(0)
    assert window.complaints == []


def test_address_that_is_no_page_shows_the_dashboard(window: Any) -> None:
    page = window.open("/nowhere")
    expect(page.locator("main h1")).to_have_text("Dashboard")
