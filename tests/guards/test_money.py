"""Money, prices and sizes are Decimal where trades are made."""

from __future__ import annotations

import ast
import re

from source_tree import called_name, modules

_MONEY = re.compile(
    r"(^|_)(price|qty|fee|fees|funding|pnl|balance|equity|notional|stop_loss|take_profit|mae|mfe)$"
)
# Sums of the public tape and of bars feed indicators, never an order; a scan's funding is a rate in percent.
_ANALYTICS = frozenset({"TradesPrinted.buy_qty", "TradesPrinted.sell_qty", "ScanLine.funding"})


def test_money_fields_of_the_domain_are_decimal() -> None:
    wrong = []
    for module in modules():
        if module.room != "domain":
            continue
        for owner in (n for n in module.nodes if isinstance(n, ast.ClassDef)):
            for field in (n for n in owner.body if isinstance(n, ast.AnnAssign)):
                name = field.target.id if isinstance(field.target, ast.Name) else ""
                if (
                    _MONEY.search(name)
                    and re.search(r"\bfloat\b", ast.unparse(field.annotation))
                    and f"{owner.name}.{name}" not in _ANALYTICS
                ):
                    wrong.append(f"{module.at(field)} {owner.name}.{name}: {ast.unparse(field.annotation)}")
    assert not wrong, "\n".join(wrong)


def test_no_decimal_is_made_of_a_float() -> None:
    wrong = [
        f"{module.at(node)} {ast.unparse(node)}"
        for module in modules()
        for node in module.nodes
        if isinstance(node, ast.Call)
        and called_name(node).endswith("Decimal")
        and node.args
        and _is_float(node.args[0])
    ]
    assert not wrong, "\n".join(wrong)


def test_ledgers_and_records_do_no_float_arithmetic() -> None:
    ledgers = re.compile(
        r"whalebot\.(engine\.ledger|decisions\.performance\.trade_builder|adapters\.storage\.(history|trade_json)"
        r"|adapters\.exchange\.core\.(ledger|fees|margin))$"
    )
    seen = [module for module in modules() if ledgers.match(module.name)]
    wrong = [
        f"{module.at(node)} {ast.unparse(node)}"
        for module in seen
        for node in module.nodes
        if _counts_in_floats(node)
    ]
    assert seen
    assert not wrong, "\n".join(wrong)


def _counts_in_floats(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_float(node.left) or _is_float(node.right)
    return isinstance(node, ast.Call) and _is_float(node) and not isinstance(node.args[0], ast.Constant)


def _is_float(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    return isinstance(node, ast.Call) and called_name(node) == "float"
