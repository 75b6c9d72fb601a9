package dev.tandem.cli.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** A value as written, before it is known what it should be; it knows its place. */
sealed interface YamlValue {
  Place place();

  /** How many values this is with all it holds, each use of an alias counted. */
  long size();

  /** What messages call it. */
  String describe();

  /** A word or number; plain if it was not quoted. */
  record Text(Place place, String text, boolean plain) implements YamlValue {
    private static final int SHOWN = 40;

    @Override
    public long size() {
      return 1;
    }

    @Override
    public String describe() {
      return "'"
          + (text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text).replace("\n", "\\n")
          + "'";
    }

    /** Whether nothing was written after the key. */
    boolean missing() {
      return plain && (text.isEmpty() || text.equals("~") || text.equals("null"));
    }
  }

  /** A list. */
  record Items(Place place, List<YamlValue> values, long size) implements YamlValue {
    static Items of(Place place, List<YamlValue> values) {
      return new Items(
          place, List.copyOf(values), 1 + values.stream().mapToLong(YamlValue::size).sum());
    }

    Items with(int index, YamlValue value) {
      List<YamlValue> changed = new ArrayList<>(values);
      changed.set(index, value);
      return of(place, changed);
    }

    @Override
    public String describe() {
      return "a list";
    }
  }

  /** Keys with values, in the order written. */
  record Keys(Place place, SequencedMap<String, Keyed> entries, long size) implements YamlValue {
    static Keys of(Place place, SequencedMap<String, Keyed> entries) {
      long size = 1 + entries.values().stream().mapToLong(entry -> 1 + entry.value().size()).sum();
      return new Keys(place, entries, size);
    }

    /** The same with another value, which stands where the key stood. */
    Keys with(String key, YamlValue value) {
      return with(key, entries.containsKey(key) ? entries.get(key).place() : value.place(), value);
    }

    Keys with(String key, Place where, YamlValue value) {
      SequencedMap<String, Keyed> changed = new LinkedHashMap<>(entries);
      changed.put(key, new Keyed(where, value));
      return of(place, changed);
    }

    Map.Entry<String, Keyed> first() {
      return entries.firstEntry();
    }

    @Override
    public String describe() {
      return "keys";
    }
  }

  /** A value and the place of its key. */
  record Keyed(Place place, YamlValue value) {}
}
