/* SPDX-License-Identifier: GPL-2.0-or-later */
/* picket-ocf: crm_attribute and its like, for OCF agents; which one, says the name it is called by.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "edge/ocfcmd.h"

static void usage(FILE *out)
{
	fprintf(out, "usage: picket-ocf --install DIR   make a link for each command in DIR\n"
		     "       picket-ocf --version | --help\n\n"
		     "Called by the name of a link it is one of:\n");
	ocfcmd_list(out);
}

int main(int argc, char **argv)
{
	char self[4096];
	ssize_t n;
	int r = ocfcmd_run(argc, argv);

	if (r >= 0)
		return r;
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("picket-ocf %s\n", PICKET_VERSION);
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "--install")) {
		usage(argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0) {
		fprintf(stderr, "picket-ocf: /proc/self/exe: %m\n");
		return 1;
	}
	self[n] = '\0';
	r = ocfcmd_install(self, argv[2]);
	if (r) {
		fprintf(stderr, "picket-ocf: %s: %s\n", argv[2], strerror(-r));
		return 1;
	}
	return 0;
}
