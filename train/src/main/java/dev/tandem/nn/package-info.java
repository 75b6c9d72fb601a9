/**
 * Networks: modules with named parameters, layers, seeded initial values, loss functions. A
 * layer's own words for shapes are those of {@link dev.tandem.shape}. Parameter names, weight
 * layouts and defaults follow PyTorch's torch.nn, so that weights can be exchanged, unless a layer
 * says otherwise.
 */
package dev.tandem.nn;
