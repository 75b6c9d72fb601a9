/**
 * The operations a backend runs, as data: sealed families of records whose components are the attributes. Nothing here
 * computes; {@link dev.tandem.op.Op#outputs} is the only place where shapes and element types are checked.
 *
 * <p>Adding an op is adding a record: the compiler then asks every backend, the gradient table and the oracle for it. A
 * backward kernel is one more op, declared under its forward. In formulas x and y are input and output, dy is
 * d(loss)/dy and comes in, dx is d(loss)/dx.
 */
package dev.tandem.op;
