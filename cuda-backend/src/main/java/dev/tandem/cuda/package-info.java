/** The CUDA backend: one file a family of ops, launching the kernels of the `kernels` module. Sees shape, op and backend only. */
package dev.tandem.cuda;
