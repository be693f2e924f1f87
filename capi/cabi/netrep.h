/* The C interface of netrep_go: one function over one table of routines, for
 * C, MATLAB, Julia and R. Build the library with `make lib`.
 *
 * A call passes an array of descriptors, the outputs of the routine first. Each
 * describes an array of the caller, in row-major order without gaps, or holds a
 * scalar. The library keeps no pointer after the call and allocates nothing that
 * the caller has to free. ROUTINES.md lists the routines with their arguments.
 */
#ifndef NETREP_H
#define NETREP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of an argument. */
enum {
    NETREP_FLOAT64 = 1, /* array of double */
    NETREP_FLOAT32 = 2, /* array of float */
    NETREP_INT64 = 3,   /* array of int64_t */
    NETREP_FLOAT = 4,   /* one double, in data.real */
    NETREP_INT = 5,     /* one int64_t, in data.integer */
    NETREP_LIST = 6,    /* ndim 1: the next shape[0] descriptors belong together */
    NETREP_TEXT = 7,    /* ndim 1: shape[0] bytes of UTF-8, in data.array */
    NETREP_OUTPUT = 0x100 /* flag of arrays that the routine fills */
};

/* What netrep_call returns. */
enum {
    NETREP_OK = 0,
    NETREP_INVALID = 1,   /* a value or shape that the caller can fix */
    NETREP_NUMERICAL = 2, /* a decomposition failed */
    NETREP_CANCELLED = 3, /* control[2] was set */
    NETREP_PROTOCOL = 4,  /* unknown routine or wrong kind of argument */
    NETREP_INTERNAL = 5,  /* a defect of the library */
    NETREP_MEMORY = 6     /* not enough memory */
};

typedef struct {
    int32_t kind, ndim;
    int64_t shape[4];
    union {
        void *array;
        double real;
        int64_t integer;
    } data;
} netrep_arg;

#ifndef NETREP_IN_GO /* Go declares what it exports by itself */

/* Runs a routine on n arguments. control is NULL or four words that another
 * thread may read and write meanwhile: tasks done, tasks in all, cancel if not
 * zero, number of threads (0: all). A message of at most size bytes, with its
 * final zero, is written to message if the status is not 0. */
int netrep_call(const char *routine, netrep_arg *args, int64_t n, int64_t *control,
                char *message, int64_t size);

/* Writes a line for each routine, "name(out name kind, name kind, ...)" with its
 * arguments in order as in ROUTINES.md, and returns the number of bytes that takes,
 * with the final zero. */
int64_t netrep_routines(char *lines, int64_t size);

/* The version of this interface. */
int netrep_version(void);

#endif

#ifdef __cplusplus
}
#endif

#endif
