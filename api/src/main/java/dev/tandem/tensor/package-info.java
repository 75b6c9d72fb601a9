/**
 * Tensors for users, and automatic differentiation: a {@link dev.tandem.tensor.Tape} keeps a stack of the forward calls and
 * replays it backward. Tensors, tapes and scopes belong to one thread.
 */
package dev.tandem.tensor;
