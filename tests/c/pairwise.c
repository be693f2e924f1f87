/* All pair distances of a small cohort, and what errors look like, through the C interface. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netrep.h"

enum { NETWORKS = 4, SAMPLES = 10, WIDEST = 6 };

/* Activations that test_cabi.py makes in the same way. */
static double next_activation(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state / 4294967296.0 - 0.5;
}

static netrep_arg array(int32_t kind, void *data, int32_t ndim, int64_t rows, int64_t columns)
{
    netrep_arg argument = {kind, ndim, {rows, columns, 0, 0}, {data}};
    return argument;
}

static netrep_arg integer(int64_t value)
{
    netrep_arg argument = {NETREP_INT, 0, {0, 0, 0, 0}, {0}};
    argument.data.integer = value;
    return argument;
}

static netrep_arg text(char *value)
{
    return array(NETREP_TEXT, value, 1, (int64_t)strlen(value), 0);
}

static netrep_arg real(double value)
{
    netrep_arg argument = {NETREP_FLOAT, 0, {0, 0, 0, 0}, {0}};
    argument.data.real = value;
    return argument;
}

/* Prints the line of each routine. */
static void print_routines(void)
{
    int64_t size = netrep_routines(NULL, 0);
    char *lines = malloc((size_t)size);

    if (lines == NULL)
        exit(1);
    printf("fits %d\n", netrep_routines(lines, size) == (int64_t)strlen(lines) + 1);
    for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
        printf("routine %s\n", line);
    free(lines);
}

/* Stores the distances between the networks in train, NETWORKS x NETWORKS. */
static int distances(double *train, double alpha, int64_t *control, char *message, int64_t size)
{
    static double activations[NETWORKS][SAMPLES * WIDEST];
    int64_t routes[3];
    uint32_t state = 1;
    netrep_arg args[3 + 1 + NETWORKS + 1 + 6];
    int n = 0;

    args[n++] = array(NETREP_FLOAT64 | NETREP_OUTPUT, train, 2, NETWORKS, NETWORKS);
    args[n++] = array(NETREP_FLOAT64 | NETREP_OUTPUT, NULL, 2, 0, 0); /* no held-out data */
    args[n++] = array(NETREP_INT64 | NETREP_OUTPUT, routes, 1, 3, 0);
    args[n++] = array(NETREP_LIST, NULL, 1, NETWORKS, 0);
    for (int k = 0; k < NETWORKS; k++) {
        int width = WIDEST - k;
        for (int i = 0; i < SAMPLES * width; i++)
            activations[k][i] = next_activation(&state);
        args[n++] = array(NETREP_FLOAT64, activations[k], 2, SAMPLES, width);
    }
    args[n++] = array(NETREP_LIST, NULL, 1, 0, 0); /* no held-out data */
    args[n++] = integer(0);                        /* all pairs */
    args[n++] = real(alpha);
    args[n++] = integer(1); /* center */
    args[n++] = text("angular");
    args[n++] = integer(0); /* float64 */
    args[n++] = real(0);    /* the default tolerance */
    return netrep_call("multiset.linear_distances", args, n, control, message, size);
}

int main(void)
{
    double train[NETWORKS * NETWORKS];
    int64_t control[4] = {0, 0, 0, 2}, cancelled[4] = {0, 0, 1, 0};
    char message[200] = "", cut[8];

    printf("version %d\n", netrep_version());
    print_routines();

    int status = distances(train, 0.5, control, message, sizeof message);
    printf("status %d %s\n", status, message);
    for (int i = 0; i < NETWORKS * NETWORKS; i++)
        printf("distance %.17g\n", train[i]);
    printf("done %" PRId64 " of %" PRId64 "\n", control[0], control[1]);

    status = distances(train, 1.5, NULL, message, sizeof message);
    printf("alpha %d %s\n", status, message);
    status = distances(train, 1.5, NULL, cut, sizeof cut);
    printf("cut %d %s\n", status, cut);
    printf("silent %d\n", distances(train, 1.5, NULL, NULL, 0));
    printf("cancelled %d\n", distances(train, 0.5, cancelled, NULL, 0));
    status = netrep_call("core.nothing", NULL, 0, NULL, message, sizeof message);
    printf("unknown %d %s\n", status, message);
    return 0;
}
