"""Reconciliation 对账, the close of months 月结, clearing 清算, and the cases of the ledger that operators work on."""
