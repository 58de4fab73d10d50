// What has been received: columns of numbers that forget what is older than a quarter of an hour.

const KEPT_S = 900;
const DRAWN = 1500;

export class Series {
  constructor(columns) {
    this.time = [];
    this.columns = Array.from({ length: columns }, () => []);
  }

  // Append rows; rows that are not newer than what is there replace it from their first time on.
  put(time, ...columns) {
    if (!time.length) return;
    const from = this.index(time[0] - 1e-6);
    this.time.length = from;
    this.columns.forEach((column) => (column.length = from));
    this.time.push(...time);
    this.columns.forEach((column, i) => column.push(...columns[i]));
    const old = this.index(time[time.length - 1] - KEPT_S);
    // Now and then is enough, and cheaper.
    if (old > 2000) {
      this.time.splice(0, old);
      this.columns.forEach((column) => column.splice(0, old));
    }
  }

  // Index of the first row at or after a time.
  index(time) {
    let [low, high] = [0, this.time.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get newest() {
    return this.time.length ? this.time[this.time.length - 1] : null;
  }

  // [time, column, ...] between two times, one row more on either side.
  slice(from, to) {
    const [a, b] = [Math.max(this.index(from) - 1, 0), this.index(to) + 1];
    return [this.time.slice(a, b), ...this.columns.map((column) => column.slice(a, b))];
  }

  // [time, first column] between two times for a chart: of many rows each bucket's lowest and highest.
  drawn(from, to) {
    const [time, values] = this.slice(from, to);
    const size = Math.ceil(time.length / DRAWN);
    if (size < 2) return [time, values];
    const kept = [];
    for (let i = 0; i < time.length; i += size) {
      let [low, high] = [i, i];
      for (let k = i; k < Math.min(i + size, time.length); k++) {
        if (values[k] < values[low] || values[low] == null) low = k;
        if (values[k] > values[high] || values[high] == null) high = k;
      }
      kept.push(Math.min(low, high), ...(low === high ? [] : [Math.max(low, high)]));
    }
    return [kept.map((k) => time[k]), kept.map((k) => values[k])];
  }

  clear() {
    this.time.length = 0;
    this.columns.forEach((column) => (column.length = 0));
  }
}
