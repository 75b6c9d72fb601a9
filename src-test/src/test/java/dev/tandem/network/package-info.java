/** Whole networks on every backend: gradients of the first step by name, and the losses of ten, against PyTorch. */
package dev.tandem.network;
