#pragma once
#include <hiredis/hiredis.h>
#include <stddef.h>

// hiredis allocates an array as long as the server says it will be, before an
// element of it has come. Here an absurd length is an error of the protocol.
// The original functions travel in the reader's private field.
enum { chiredis_max_elements = 1 << 20 };

// The length became size_t in hiredis 1.0.
#if HIREDIS_MAJOR >= 1
typedef size_t chiredis_length;
#else
typedef int chiredis_length;
#endif

static inline void *chiredis_create_array(const redisReadTask *task, chiredis_length elements) {
  if (elements < 0 || elements > chiredis_max_elements) return NULL;
  return ((redisReplyObjectFunctions *)task->privdata)->createArray(task, elements);
}

// Makes the reader of `c` use `functions`, which must outlive it.
static inline void chiredis_bound_arrays(redisContext *c, redisReplyObjectFunctions *functions) {
  *functions = *c->reader->fn;
  c->reader->privdata = c->reader->fn;
  functions->createArray = chiredis_create_array;
  c->reader->fn = functions;
}
