/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replicated state of core, in the shape that the store keeps. */
#ifndef EDGE_STORE_REPLICATED_H
#define EDGE_STORE_REPLICATED_H

#include "edge/store.h"

extern const struct store_machine store_replicated;

#endif
