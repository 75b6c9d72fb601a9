package dev.tandem.cli.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.IntFunction;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Makes {@link YamlValue}s of YAML 1.2 text. Built from the parser's events, which are flat, so that depth is bounded
 * before anything recurses; and an alias shares its anchor's value, whose size is known, so that a small text cannot
 * stand for more values than a large one could hold.
 */
final class YamlReader {
  private static final int DEPTH = 40;
  private static final int SIZE = 20_000;

  private final IntFunction<Place> lines;
  private final List<Problem> problems;
  private final Map<String, YamlValue> anchors = new HashMap<>();
  private Iterator<Event> events;
  private Place last;

  /**
   * @param lines the place of a line, counted from 1
   * @param problems takes what can be passed over, such as a key written twice
   */
  YamlReader(IntFunction<Place> lines, List<Problem> problems) {
    this.lines = lines;
    this.problems = problems;
    this.last = lines.apply(1);
  }

  /** The text's only document; empty if it has none. @throws ConfigException at the first place that is not YAML */
  Optional<YamlValue> read(String text) {
    try {
      events =
          new Parse(LoadSettings.builder().setUseMarks(true).build()).parseString(text).iterator();
      Optional<YamlValue> value = Optional.empty();
      for (Event event = next(); event.getEventId() != Event.ID.StreamEnd; event = next()) {
        switch (event.getEventId()) {
          case StreamStart, DocumentEnd, Comment -> {}
          case DocumentStart -> {
            if (value.isPresent()) {
              throw refused(
                  "a second document begins here; a file holds one config, remove what follows '---'");
            }
          }
          default -> value = Optional.of(value(event, "", 0));
        }
      }
      return value;
    } catch (MarkedYamlEngineException e) {
      Place place = e.getProblemMark().map(this::place).orElse(last);
      String context = e.getContext() == null ? "" : e.getContext().strip() + ": ";
      throw new ConfigException(place, "", "not YAML: " + context + oneLine(e.getProblem()));
    } catch (YamlEngineException e) {
      throw new ConfigException(last, "", "not YAML: " + oneLine(String.valueOf(e.getMessage())));
    }
  }

  private Event next() {
    Event event = events.next();
    event.getStartMark().ifPresent(mark -> last = place(mark));
    return event;
  }

  private YamlValue value(Event event, String path, int depth) {
    Place place = last;
    if (depth > DEPTH) {
      throw refused("nested more than " + DEPTH + " levels deep; no config needs that");
    }
    YamlValue value =
        switch (event) {
          case AliasEvent alias -> aliased(alias);
          case ScalarEvent scalar -> {
            refuseTag(scalar.getTag());
            yield new YamlValue.Text(
                place, scalar.getValue(), scalar.getScalarStyle() == ScalarStyle.PLAIN);
          }
          case CollectionStartEvent start -> {
            refuseTag(start.getTag());
            yield start.getEventId() == Event.ID.MappingStart
                ? keys(place, path, depth)
                : items(place, path, depth);
          }
          default -> throw refused("not YAML: unexpected " + event.getEventId());
        };
    if (value.size() > SIZE) {
      throw refused(
          "more than " + SIZE + " values once aliases are followed; no config needs that");
    }
    if (!(event instanceof AliasEvent)) {
      anchor(event).ifPresent(name -> anchors.put(name, value));
    }
    return value;
  }

  private YamlValue keys(Place start, String path, int depth) {
    SequencedMap<String, YamlValue.Keyed> entries = new LinkedHashMap<>();
    for (Event event = significant();
        event.getEventId() != Event.ID.MappingEnd;
        event = significant()) {
      Place place = last;
      if (!(value(event, path, depth + 1) instanceof YamlValue.Text(_, String key, _))) {
        throw refused("a key must be a word, got a list or keys; write 'key: value'");
      }
      String inner = path.isEmpty() ? key : path + "." + key;
      YamlValue value = value(significant(), inner, depth + 1);
      YamlValue.Keyed earlier = entries.putIfAbsent(key, new YamlValue.Keyed(place, value));
      if (earlier != null) {
        problems.add(
            new Problem(
                place, inner, "written twice, first at " + earlier.place() + "; remove one"));
      }
    }
    return YamlValue.Keys.of(start, entries);
  }

  private YamlValue items(Place start, String path, int depth) {
    List<YamlValue> values = new ArrayList<>();
    for (Event event = significant();
        event.getEventId() != Event.ID.SequenceEnd;
        event = significant()) {
      values.add(value(event, path + "." + values.size(), depth + 1));
    }
    return YamlValue.Items.of(start, values);
  }

  private Event significant() {
    Event event = next();
    while (event.getEventId() == Event.ID.Comment) {
      event = next();
    }
    return event;
  }

  /** An anchor's value; one that holds itself is not there yet, and so cannot be used. */
  private YamlValue aliased(AliasEvent alias) {
    YamlValue value = anchors.get(alias.getAlias().getValue());
    if (value == null) {
      throw refused(
          "no such anchor before this alias, got '*"
              + alias.getAlias().getValue()
              + "'; write the value out");
    }
    return value;
  }

  private static Optional<String> anchor(Event event) {
    Optional<Anchor> anchor =
        switch (event) {
          case ScalarEvent scalar -> scalar.getAnchor();
          case CollectionStartEvent start -> start.getAnchor();
          default -> Optional.empty();
        };
    return anchor.map(Anchor::getValue);
  }

  private void refuseTag(Optional<String> tag) {
    tag.ifPresent(name -> {
      if (!name.equals("!")) {
        throw refused("tags are not used in configs, got '" + name + "'; remove it");
      }
    });
  }

  private ConfigException refused(String message) {
    return new ConfigException(last, "", message);
  }

  private Place place(Mark mark) {
    return lines.apply(mark.getLine() + 1);
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s+", " ").strip();
  }
}
