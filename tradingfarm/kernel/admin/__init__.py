"""What Django's admin is made of here: records that are read, rows that services change.

A list of records is narrowed by filters and exact search, never counted whole, sorted by indexed
columns alone, and taken out of the farm as a file; its rows lead to what belongs to them.
"""

from tradingfarm.kernel.admin.bases import PlainAdmin, RecordAdmin, ServiceAdmin, actor_of
from tradingfarm.kernel.admin.filters import FewFilter, MomentFilter, ValuesFilter
from tradingfarm.kernel.admin.journaled import JournaledAdmin
from tradingfarm.kernel.admin.links import Lead, add_leads, journal_of, record_link
from tradingfarm.kernel.admin.periodic import PeriodicTaskAdmin
from tradingfarm.kernel.admin.records import HeartbeatAdmin, JournalEventAdmin, JournalStreamAdmin

__all__ = [
    "FewFilter",
    "HeartbeatAdmin",
    "JournalEventAdmin",
    "JournalStreamAdmin",
    "JournaledAdmin",
    "Lead",
    "MomentFilter",
    "PeriodicTaskAdmin",
    "PlainAdmin",
    "RecordAdmin",
    "ServiceAdmin",
    "ValuesFilter",
    "actor_of",
    "add_leads",
    "journal_of",
    "record_link",
]
