DROP TABLE event_queue, event_heads, events;
