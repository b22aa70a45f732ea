"""Finds what makes the figures of a data set unbelievable: copies, leaks and labels at odds."""

from trainer.audit.examine import audit_dataset
from trainer.audit.findings import Audit, Leak

__all__ = ["Audit", "Leak", "audit_dataset"]
