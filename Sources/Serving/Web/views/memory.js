// Memory: what a model takes.
export default { id: 'memory', title: 'Memory', mount() { return { unmount() {} }; } };
