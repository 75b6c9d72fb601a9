package dev.tandem.cli.config;

/** A limit on gradients. */
@Choice("clip")
public sealed interface ClipConfig {
  @Named("no limit")
  record None() implements ClipConfig {}

  @Named("each number limited to -limit to limit")
  record Value(@Setting(value = "the limit", example = "1", above = 0) double limit)
      implements ClipConfig {}

  @Named(
      value = "all scaled down so that their norm together is at most limit",
      as = "norm",
      mistaken = "global_norm")
  record Norm(@Setting(value = "the limit", example = "1", above = 0) double limit)
      implements ClipConfig {}
}
