"""How recordings are analysed: many at a time, into files, and what is done already."""
