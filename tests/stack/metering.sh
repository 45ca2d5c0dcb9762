#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A metering service, as small as one can be: every five seconds it counts a sample in Redis, through the balancer.
while :; do
	timeout 2 redis-cli -h 10.77.2.92 incr metering:samples >/dev/null 2>&1
	sleep 5
done
