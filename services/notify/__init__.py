"""notify: tells the people concerned what was decided, by text message or telephone call, and knows whether it arrived."""
