// The script of the dashboard.
export {};
