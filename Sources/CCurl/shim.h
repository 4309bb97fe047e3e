#pragma once
#include <curl/curl.h>

// libcurl's setters and getters are variadic, which Swift does not import:
// one typed forwarder for each kind of argument. The macros of curl.h that
// check types are variadic too, hence the parentheses.
typedef size_t (*ccurl_data_fn)(char *, size_t, size_t, void *);

static inline CURLcode ccurl_set_long(CURL *h, CURLoption o, long v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_string(CURL *h, CURLoption o, const char *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_pointer(CURL *h, CURLoption o, void *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_slist(CURL *h, CURLoption o, struct curl_slist *v) { return (curl_easy_setopt)(h, o, v); }
static inline CURLcode ccurl_set_data_function(CURL *h, CURLoption o, ccurl_data_fn f) { return (curl_easy_setopt)(h, o, f); }
static inline CURLcode ccurl_get_long(CURL *h, CURLINFO i, long *out) { return (curl_easy_getinfo)(h, i, out); }
static inline CURLcode ccurl_get_double(CURL *h, CURLINFO i, double *out) { return (curl_easy_getinfo)(h, i, out); }
static inline CURLcode ccurl_get_pointer(CURL *h, CURLINFO i, void **out) { return (curl_easy_getinfo)(h, i, out); }
static inline CURLMcode ccurl_multi_set_long(CURLM *m, CURLMoption o, long v) { return (curl_multi_setopt)(m, o, v); }
