/**
 * From gradients to new weights: update rules, the optimizer that applies one, clipping,
 * learning-rate schedules. Formulas and defaults are those of PyTorch's torch.optim unless said
 * otherwise.
 */
package dev.tandem.optim;
