/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ledger: the replicated state as the store keeps it: cluster and office in one document. */
#ifndef EDGE_LEDGER_H
#define EDGE_LEDGER_H

#include "edge/store.h"

extern const struct store_machine ledger_machine;

#endif
