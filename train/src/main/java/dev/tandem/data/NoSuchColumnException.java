package dev.tandem.data;

import dev.tandem.data.CsvSchema.Place;

/** A CSV file lacks a column that its schema names. */
public final class NoSuchColumnException extends DataException {
  private static final long serialVersionUID = 1;

  private final transient Place place;

  NoSuchColumnException(String message, Place place) {
    super(message);
    this.place = place;
  }

  /** The column that was looked for. */
  public Place place() {
    return place;
  }
}
