package dev.tandem.conformance;

/** The largest number of a kind, and the case that it occurred in; 0 and an empty text where there is none above 0. */
public record Extreme(double value, String where) {
  static final Extreme NONE = new Extreme(0, "");

  Extreme max(double other, String there) {
    return other > value ? new Extreme(other, there) : this;
  }
}
