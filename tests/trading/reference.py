"""A second ledger, small and by other means: fractions, dictionaries, nothing of the product.

It follows the same trades, cancels, splits and deposits as the farm does, by the rules as a person
would write them down. Whatever differs is a fault of one of the two.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

Key = tuple[str, UUID | None]
PLACES = 10**8
RATES = {"BNB": Fraction(300)}
OWN = ("", "USD")
ENDS = {"FILLED", "CANCELED", "EXPIRED", "REJECTED", "NOT_PLACED", "EXPIRED_LOCAL"}
AT_VENUE = {"OPEN", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"}
LEGAL = {
    "APPROVED": {"SUBMITTING", "EXPIRED_LOCAL"},
    "SUBMITTING": {*AT_VENUE, "REJECTED", "UNKNOWN", "NOT_PLACED"},
    "UNKNOWN": {*AT_VENUE, "REJECTED", "NOT_PLACED"},
    "OPEN": AT_VENUE - {"OPEN"},
    "PARTIALLY_FILLED": AT_VENUE - {"OPEN", "PARTIALLY_FILLED"},
}


def nearest(number):
    """Half to even at the eighth place: what Python's own rounding of fractions does."""
    return Fraction(round(Fraction(number) * PLACES), PLACES)


def down(number):
    return Fraction(Fraction(number) * PLACES // 1, PLACES)


class Impossible(Exception):
    """More was sold than there was."""


@dataclass
class Pile:
    """A quantity with what it cost, what it earned, and what was paid in fees."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    earned: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)

    def add(self, quantity, cost):
        self.quantity += quantity
        self.cost += cost

    def remove(self, quantity):
        """Take the quantity away and say what it had cost; the last one leaves no cost behind."""
        if quantity > self.quantity:
            raise Impossible
        all_of_it = quantity == self.quantity
        cost = self.cost if all_of_it else nearest(self.cost * quantity / self.quantity)
        self.add(-quantity, -cost)
        return cost

    def numbers(self):
        return (self.quantity, self.cost, self.earned, self.fees)


@dataclass
class Reserved:
    """What an order at work still holds back: cash of a buy, a quantity of a sell."""

    key: Key
    side: str
    left: Fraction
    cash: Fraction


@dataclass
class Reference:
    """One account with the agents' piles in it. Keys are (instrument, owner); None is people's."""

    cash: Fraction = Fraction(0)
    moved: Fraction = Fraction(0)
    elsewhere: Fraction = Fraction(0)
    whole: defaultdict[str, Pile] = field(default_factory=lambda: defaultdict(Pile))
    parts: defaultdict[Key, Pile] = field(default_factory=lambda: defaultdict(Pile))
    orders: dict[UUID, Reserved] = field(default_factory=dict)
    owed: defaultdict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    bought: defaultdict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    @property
    def reserved(self):
        return sum((order.cash for order in self.orders.values()), Fraction(0))

    def offered(self, key):
        offers = (o.left for o in self.orders.values() if (o.side, o.key) == ("sell", key))
        return sum(offers, Fraction(0))

    def equity(self, prices):
        worth = (pile.quantity * Fraction(prices[name]) for name, pile in self.whole.items())
        return self.cash + sum(worth)

    def move(self, amount):
        self.cash += Fraction(amount)
        self.moved += Fraction(amount)

    def approve(self, order, key, side, quantity, cash):
        self.orders[order] = Reserved(key, side, Fraction(quantity), Fraction(cash))

    def end(self, order):
        self.orders.pop(order, None)

    def trade(self, order, key, side, quantity, price, fee, currency, *, people=False):
        """One trade of the order; one that `people` made at the exchange may take from anybody."""
        quantity, price, fee = Fraction(quantity), Fraction(price), Fraction(fee)
        self._release(order, quantity)
        if people and side == "sell":
            self._gather(key, quantity)
        in_cash, in_kind, worth = self._fee(key, side, quantity, price, fee, currency)
        value = nearest(price * quantity)
        for pile in (self.whole[key[0]], self.parts[key]):
            pile.fees += in_cash + nearest(price * in_kind) + worth
            if side == "buy":
                pile.add(quantity - in_kind, value + in_cash + worth)
            else:
                pile.earned += value - in_cash - worth - pile.remove(quantity + in_kind)
        self.cash += -value - in_cash if side == "buy" else value - in_cash
        self.elsewhere += worth
        self.bought[key[0]] += (quantity if side == "buy" else -quantity) - in_kind

    def _release(self, order, quantity):
        at_work = self.orders.get(order)
        if at_work:
            all_of_it = quantity >= at_work.left
            cash = at_work.cash
            at_work.cash -= cash if all_of_it else down(cash * quantity / at_work.left)
            at_work.left -= quantity

    def _gather(self, key, quantity):
        """Agents hand over at cost what people sold of theirs, the one with the most first."""
        lacking = quantity - self.parts[key].quantity
        free = {k: p.quantity - self.offered(k) for k, p in self.parts.items()}
        givers = [k for k in free if k[0] == key[0] and k[1] is not None]
        for giver in sorted(givers, key=lambda k: (-free[k], k[1])):
            part = min(lacking, free[giver])
            if part > 0:
                self.parts[key].add(part, self.parts[giver].remove(part))
                lacking -= part
        if lacking > 0:
            raise Impossible

    def _fee(self, key, side, quantity, price, fee, currency):
        """The fee in cash, in kind, and the worth of what is owed in a balance."""
        if currency in OWN:
            return nearest(fee), Fraction(0), Fraction(0)
        if currency == key[0]:
            rest = self.parts[key].quantity - self.offered(key) - quantity
            if fee < quantity if side == "buy" else -quantity < fee <= rest:
                return Fraction(0), fee, Fraction(0)
            rate = price
        else:
            rate = RATES.get(currency, Fraction(0))
        self.owed[currency] -= fee
        return Fraction(0), Fraction(0), nearest(fee * rate)

    def split(self, name, ratio, lot, price):
        """New shares for old; whole lots go round by who has the largest fraction of one."""
        keys = [k for k, p in self.parts.items() if k[0] == name and p.quantity]
        due = {k: self.parts[k].quantity * ratio for k in keys}
        get = {k: due[k] // lot * lot for k in keys}
        for key in sorted(keys, key=lambda k: get[k] - due[k]):
            if sum(get.values()) + lot <= sum(due.values()):
                get[key] += lot
        lack = {k: due[k] - get[k] for k in keys}
        pay = {k: nearest(lack[k] * price) for k in keys}
        total = nearest(sum(lack.values()) * price)
        pay[max(keys, key=lambda k: abs(lack[k]))] += total - sum(pay.values())
        for key in keys:
            self._divide(self.parts[key], due[key], get[key], pay[key])
        self._divide(self.whole[name], sum(due.values()), sum(get.values()), total)
        self.cash += total
        self.bought[name] = self.bought[name] * ratio - sum(lack.values())

    def _divide(self, pile, due, get, pay):
        if get < due:
            sold = nearest(pile.cost * (due - get) / due)
            pile.cost -= sold
            pile.earned += pay - sold
        else:
            pile.cost -= pay
        pile.quantity = get
