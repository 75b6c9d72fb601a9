package dev.tandem.backend;

/**
 * Whether a backend can be opened on this machine, and why or why not, in one sentence for people.
 *
 * @param usable whether {@link BackendProvider#open} is expected to succeed
 * @param reason what was found, or what is missing and how to get it
 */
public record Availability(boolean usable, String reason) {
  /** Usable; says what was found. */
  public static Availability yes(String found) {
    return new Availability(true, found);
  }

  /** Not usable; says what is missing and how to get it. */
  public static Availability no(String missing) {
    return new Availability(false, missing);
  }
}
