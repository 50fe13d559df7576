#!/bin/sh
# Trains the forecast on 2012 to 2014, runs it on 2015, whose days it has not
# seen, and prints its error beside persistence and climatology.
#
#   examples/forecast/train.sh [SEED] [FOLDER]
#
# FOLDER (build/examples/forecast) gets run-SEED/, the trained model,
# forecast-SEED.csv and forecast-SEED.svg.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
seed=${1:-0}
folder=${2:-$root/build/examples/forecast}
ravel=${RAVEL:-$root/build/${RAVEL_PRESET:-release}/bin/ravel}
data=$folder/seattle.csv
run=$folder/run-$seed
csv=$folder/forecast-$seed.csv

"$root/examples/forecast/fetch.sh" "$folder"

# Rows 0 to 1095 are 2012 to 2014. Nothing of 2015 takes part in training, and
# nothing is chosen by it: the weights are the last ones.
"$ravel" train "$root/examples/forecast/forecast.mlir" --objective @loss \
  --data "$data" --rows 0:1096 --columns x=day,month,year,value \
  --residual y=value --window 28 --horizon 1 --epochs 15 --batch 32 \
  --lr 0.003 --schedule cosine --clip 1 --seed "$seed" --out "$run" --overwrite

"$ravel" run "$run" --entry @forecast --data "$data" --rows 1096:1461 \
  --keep date,value --names forecast --output "$csv.part.csv"

# Adds persistence (the day before) and climatology (the mean over 2012 to 2014
# of the 15 days around the same day of the year) as README.md defines them.
awk -F, -v OFS=, '
  function day_of_year(day, month, year) {
    return day + substr("000031059090120151181212243273304334", 3 * month - 2, 3) \
      + (month > 2 && year % 4 == 0)
  }
  FNR == 1 && NR == 1 {
    for (i = 1; i <= NF; ++i) column[$i] = i
    next
  }
  NR == FNR {
    row = FNR - 2
    value[row] = $column["value"]
    day[row] = day_of_year($column["day"], $column["month"], $column["year"])
    if ($column["year"] < 2015) last_of_training = row
    next
  }
  FNR == 1 { print $0, "persistence", "climatology"; next }
  {
    sum = count = 0
    for (e = 0; e <= last_of_training; ++e) {
      away = day[e] - day[$1]
      if (away < 0) away = -away
      if (365 - away < away) away = 365 - away
      if (away <= 7) { sum += value[e]; ++count }
    }
    print $0, value[$1 - 1], sum / count
  }' "$data" "$csv.part.csv" >"$csv.full"
rm "$csv.part.csv"
mv "$csv.full" "$csv"

awk -F, -v seed="$seed" '
  NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
  {
    truth = $column["value"]
    for (name in column)
      if (name ~ /^(forecast|persistence|climatology)$/)
        squares[name] += ($column[name] - truth) ^ 2
  }
  END {
    days = NR - 1
    printf "RMSE over the %d days of 2015, in °C\n", days
    printf "  %-24s %.3f\n", "forecast (seed " seed ")", sqrt(squares["forecast"] / days)
    printf "  %-24s %.3f\n", "persistence", sqrt(squares["persistence"] / days)
    printf "  %-24s %.3f\n", "climatology", sqrt(squares["climatology"] / days)
  }' "$csv"

"$ravel" plot --data "$csv" --x date --y-label '°C' \
  --title "Daily maximum in Seattle, 2015: the forecast of the day before" \
  --lines truth=value,forecast=forecast,climatology=climatology \
  --output "$folder/forecast-$seed.svg"
