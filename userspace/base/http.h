/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Http: one HTTP client on one kept-alive connection, with bounded answers and a deadline each. */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;

/* How to reach and trust a server. Everything is copied; secrets are wiped by http_free(). */
struct http_config {
	const char *ca;       /* PEM file that replaces the system's roots; NULL = the system's */
	const char *pin;      /* "sha256//BASE64" of the server's public key; several with ';' */
	bool insecure;        /* no verification at all; only when somebody said so */
	const char *username; /* for Basic; NULL = none */
	const char *password;
	int family;          /* AF_INET, AF_INET6, or 0 for both */
	uint64_t connect_ms; /* TCP and TLS; 0 = 5000 */
	size_t body_max;     /* bytes of one answer's body; 0 = 512 KiB */
};

struct http_request {
	const char *method;   /* NULL = GET */
	const char *url;      /* absolute, https:// or http:// */
	const char *body;     /* NULL = none; sent as application/json */
	const char *token;    /* X-Auth-Token */
	const char *if_match; /* If-Match */
	const char *const *headers; /* further ones, "Name: value", NULL-terminated; NULL = none */
	bool basic;           /* send the configured username and password */
	uint64_t timeout_ms;  /* for all of it, redirects included; at least 1 */
};

/* What the server said. */
struct http_answer {
	int status;
	char *body; /* NUL-terminated, never NULL */
	size_t size;
	char *etag, *location, *token; /* headers, or NULL; location is absolute */
	int64_t retry_after_ms;        /* -1: not said */
};

int http_new(const struct http_config *config, struct http **ret_http);
void http_free(struct http *http);

/*
 * Any answer of the server is a success, whatever its status. Redirects are followed when they stay
 * on the same scheme, host and port, and keep the method; others are refused: -EXDEV.
 *
 * -ETIMEDOUT; -ECONNREFUSED, -EHOSTUNREACH (no route, no such name), -ECONNRESET;
 * -EKEYREJECTED: the server is not who it should be (certificate, host name, pin);
 * -EMSGSIZE: more than body_max or too many headers; -EPROTO: not HTTP; -EINVAL: the URL.
 */
int http_send(struct http *http, const struct http_request *request, struct http_answer *ret);

/* Text of the last failure, for people. */
const char *http_reason(const struct http *http);

/* Asks the server for its certificate, without trust, and returns its pin ("sha256//..."). */
int http_pin(struct http *http, const char *url, uint64_t timeout_ms, char **ret_pin);

void http_answer_done(struct http_answer *answer);

#endif
