"""A budget goes in; prompts are let through as long as it surely pays for them, and what was spent is counted.

Before a prompt is asked, the most that it can cost is set aside: its tokens, and the longest answer. So the budget is
never passed, as far as the engine counts its tokens right (servers that do not say how they cut texts are counted on
the high side). What was spent in earlier sittings counts; answers that were under way when a process was killed are
not known.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from naze.errors import BudgetError, ConfigurationError
from naze.generations.manifest import MANIFEST_NAME, read_manifest
from naze.generations.prices import Price, PriceTable
from naze.generations.store import STORE_NAME, Store
from naze.prompts.fitting import most_bytes
from naze.records import Answer, Prompt, Sampling

__all__ = [
    "TOKENS",
    "Account",
    "Budget",
    "Counter",
    "Spender",
    "Spent",
    "price_of",
    "read_budget",
    "spent_in",
]

TOKENS = "tokens"
_FRAME_TOKENS = 256
"""More than any chat template adds to a prompt."""
_AMOUNT = re.compile(r"(?P<before>[^\d\s.,+-]{1,3})?\s*(?P<amount>[-+]?[\d,_]*\.?\d+)\s*(?P<unit>[^\d\s]*)")
_SIZES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_SIGNS = {"$": "USD", "¥": "JPY", "€": "EUR", "£": "GBP", "円": "JPY", "yen": "JPY"}

Counter = Callable[[Sequence[Prompt]], list[int]]


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that may be spent, in tokens (read and written) or in money.

    Raises:
        ConfigurationError: nothing, or less; or money without a price of any model.
    """

    amount: float
    unit: str = TOKENS
    """`tokens`, or a currency such as `USD`."""
    prices: PriceTable | None = None
    """What models cost, for a budget of money; one on this machine that has no price costs nothing."""

    def __post_init__(self) -> None:
        if not self.amount > 0:
            raise ConfigurationError(
                f"the budget is {self.amount:g} {self.unit}: nothing could be asked. Give one above 0, or none."
            )
        if self.unit == TOKENS:
            return
        if self.prices is None or self.prices.example:
            raise ConfigurationError(
                f"the budget is in {self.unit}, and there are no prices of yours. `naze estimate --write-prices prices.toml` "
                "writes a table to fill in; or give a budget in tokens."
            )
        if self.prices.currency != self.unit:
            raise ConfigurationError(
                f"the budget is in {self.unit} and the prices in {self.prices.currency}; expected one currency."
            )

    def rates(self, model: str, *, local: bool) -> tuple[float, float]:
        """Return what one token read and one token written cost of the budget.

        Raises:
            ConfigurationError: a model elsewhere without a price.
        """
        if self.unit == TOKENS:
            return 1.0, 1.0
        price = price_of(self.prices, model)
        if price is None and not local:
            raise ConfigurationError(
                f"the budget is in {self.unit}, and {model} is not on this machine and has no price"
                f"{'' if self.prices is None else f' in {self.prices.path}'}. Add one under that name."
            )
        return (0.0, 0.0) if price is None else (price.input / 1e6, price.output / 1e6)

    def say(self, amount: float) -> str:
        """Say an amount of it."""
        return f"{amount:,.0f} tokens" if self.unit == TOKENS else f"{amount:,.4f} {self.unit}"


def price_of(prices: PriceTable | None, model: str) -> Price | None:
    """Find a model's price, by the name that the person gave it or by what its server calls it."""
    names = {model.casefold(), model.rpartition("#")[2].casefold()}
    return next((one for one in prices.models if one.name.casefold() in names), None) if prices else None


def read_budget(text: str, prices: PriceTable | None = None) -> Budget:
    """Read a budget as people write it: `20000`, `200k`, `2M tokens`, `2.50USD`, `$2.50`, `300円`.

    Raises:
        ConfigurationError: no amount, an unknown unit, or nothing.

    Example:
        >>> read_budget("200k").amount
        200000.0
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ConfigurationError(
            f"the budget is {text!r}; expected an amount such as 200k, 50000 tokens or 2.50USD."
        )
    amount = float(found["amount"].replace(",", "").replace("_", ""))
    unit = found["unit"] or ""
    currency = (
        _SIGNS.get(found["before"] or "")
        or _SIGNS.get(unit)
        or (unit if re.fullmatch("[A-Z]{3}", unit) else None)
    )
    if currency is not None:
        return Budget(amount, currency, prices)
    size = unit.lower().removesuffix(TOKENS).strip()
    if size not in _SIZES or found["before"]:
        raise ConfigurationError(
            f"the budget is {text!r}; expected tokens (200k, 2M) or a currency of three capital letters (2.50USD)."
        )
    return Budget(amount * _SIZES[size], TOKENS, prices)


@dataclass(frozen=True, slots=True)
class Spent:
    """What one model was asked in a folder of runs."""

    model: str
    local: bool
    """Computed on this machine, by naze itself."""
    answers: int
    """Prompts; rows with the same prompt are asked once."""
    prompt_tokens: int
    generated_tokens: int


def spent_in(folder: Path) -> tuple[Spent, ...]:
    """Count what was asked in all runs in and below a folder, superseded answers included, by model."""
    totals: dict[tuple[str, bool], list[int]] = {}
    for path in sorted(folder.rglob(STORE_NAME)) if folder.is_dir() else ():
        if not (path.parent / MANIFEST_NAME).is_file():
            continue
        manifest = read_manifest(path.parent)
        store = Store(path.parent)
        try:
            counted = store.spent()
        finally:
            store.close()
        for routed, *numbers in counted:
            model = manifest.long_model if routed and manifest.long_model else manifest.model
            local = manifest.address is None if not routed else "://" not in model
            total = totals.setdefault((model, local), [0, 0, 0])
            totals[model, local] = [kept + number for kept, number in zip(total, numbers, strict=True)]
    return tuple(Spent(model, local, *numbers) for (model, local), numbers in totals.items())


class Account:
    """What of a budget is spent, set aside and left, over all the runs of a job.

    Args:
        budget: the most that may be spent.
        folder: what was spent in the runs in and below it counts.
    """

    def __init__(self, budget: Budget, folder: Path) -> None:
        self.budget = budget
        self.spent = 0.0
        self.reserved = 0.0
        for one in spent_in(folder):
            read, written = budget.rates(one.model, local=one.local)
            self.spent += one.prompt_tokens * read + one.generated_tokens * written

    def spender(self, model: str, *, local: bool, count: Counter) -> "Spender":
        """Let a model spend of it."""
        return Spender(self, self.budget.rates(model, local=local), count)


class Spender:
    """One model that spends of an account. Made by `Account.spender`."""

    def __init__(self, account: Account, rates: tuple[float, float], count: Counter) -> None:
        self._account = account
        self._rates = rates
        self._count = count
        self._reserved: dict[int, float] = {}

    def rounds(self, prompts: Iterable[Prompt], sampling: Sampling) -> Iterator[Iterator[Prompt]]:
        """Give the prompts out in rounds; a round ends where the budget might be passed by what is under way.

        When its answers are there, the real cost is known, and the next round goes on with what is left.

        Raises:
            BudgetError: the next prompt alone might pass the budget.
        """
        source = iter(prompts)
        held = next(source, None)

        def one_round() -> Iterator[Prompt]:
            nonlocal held
            while held is not None and self._reserve(held, sampling):
                prompt, held = held, next(source, None)
                yield prompt

        while held is not None:
            if not self._reserve(held, sampling):
                raise self._too_little(held, sampling)
            self._release(held)
            yield one_round()

    def settle(self, prompt: Prompt, answer: Answer) -> None:
        """Count what a prompt really cost."""
        self._release(prompt)
        read, written = self._rates
        self._account.spent += answer.prompt_tokens * read + answer.generated_tokens * written

    def _reserve(self, prompt: Prompt, sampling: Sampling) -> bool:
        """Set the most aside that a prompt can cost; tell whether the budget has it."""
        account = self._account
        left = account.budget.amount - account.spent - account.reserved
        most = self._most(
            _most_tokens(prompt),
            prompt,
            sampling,
        )
        if most > left:  # bytes are more than tokens: count
            most = self._most(self._count([prompt])[0], prompt, sampling)
        if most > left:
            return False
        self._reserved[id(prompt)] = most
        account.reserved += most
        return True

    def _most(self, tokens: int, prompt: Prompt, sampling: Sampling) -> float:
        read, written = self._rates
        longest = (prompt.sampling or sampling).max_tokens
        return tokens * read + (1 if prompt.choices else longest) * written

    def _release(self, prompt: Prompt) -> None:
        self._account.reserved -= self._reserved.pop(id(prompt), 0.0)

    def _too_little(self, prompt: Prompt, sampling: Sampling) -> BudgetError:
        account, say = self._account, self._account.budget.say
        most = self._most(self._count([prompt])[0], prompt, sampling)
        return BudgetError(
            f"the budget of {say(account.budget.amount)} would be passed: {say(account.spent)} are spent, and the next "
            f"prompt may cost {say(most)}. Every answer so far is stored; the same command with a larger budget goes on."
        )


def _most_tokens(prompt: Prompt) -> int:
    """Return more tokens than a prompt can have: no tokenizer makes more of a text than it has bytes."""
    texts = [prompt.instruction, prompt.subject, prompt.question, *(turn.text for turn in prompt.earlier)]
    return most_bytes("".join(texts)) + _FRAME_TOKENS * (1 + len(prompt.earlier))
