"""The farm's settings for a campaign that strikes a running farm at named places."""

from tradingfarm.settings import *  # noqa: F403 - the same in everything else
from tradingfarm.settings import INSTALLED_APPS as FARMS_APPS

INSTALLED_APPS = [*FARMS_APPS, "tests.campaigns.armed.Armed"]
