/**
 * What a tensor is made of: element types, shapes, broadcasting.
 *
 * <p>Legend used in every comment of the project: N batch, C channels or features, H height, W width, T time steps, V
 * vocabulary; M, N, K the sides of a matrix product; S any shape.
 */
package dev.tandem.shape;
