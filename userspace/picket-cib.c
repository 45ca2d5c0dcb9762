/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picket-cib: cibadmin -Q for OCF agents: see picket-ocf(8). */
#include <stdio.h>
#include <string.h>

#include "edge/ocfcmd.h"

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("picket-cib %s\n", PICKET_VERSION);
		return 0;
	}
	return ocfcmd_run_as("cibadmin", ocfcmd_cibadmin, argc, argv);
}
