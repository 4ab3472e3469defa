package rbactest

var ReplaceLiteral = replaceLiteral
