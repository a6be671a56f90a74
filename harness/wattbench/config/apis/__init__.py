"""Settings of services that answer over an API: which there are, how fast they are asked, what is estimated of them."""

from wattbench.config.apis.budget import Budget, MaxCost
from wattbench.config.apis.estimate import Estimate
from wattbench.config.apis.limit import Limit
from wattbench.config.apis.services import SERVICES, Service, ServiceName, with_service

__all__ = ["SERVICES", "Budget", "Estimate", "Limit", "MaxCost", "Service", "ServiceName", "with_service"]
