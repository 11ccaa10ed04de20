// The way a careful Go service does it: net/http, a pgx pool, one prepared query per request, rows made JSON as they come.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type city struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type forecast struct {
	ID          int64   `json:"id"`
	CityID      int64   `json:"cityId"`
	DateTime    int64   `json:"dateTime"`
	Temperature int32   `json:"temperature"`
	Summary     *string `json:"summary"`
}

const (
	selectCities   = `SELECT id, coalesce(name, '') FROM public.cities ORDER BY id`
	selectForecast = `SELECT id, "cityId", "dateTime", temperature, summary FROM public.forecast WHERE id = $1`
	selectWeather  = `
		SELECT c.id, coalesce(c.name, ''), f.id, f."dateTime", f.temperature, f.summary
		FROM public.cities c LEFT JOIN public.forecast f ON f."cityId" = c.id ORDER BY c.id, f.id`
	insertForecast = `
		INSERT INTO public.forecast ("cityId", "dateTime", temperature, summary) VALUES ($1, $2, $3, $4) RETURNING id`
)

type server struct{ pool *pgxpool.Pool }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	s := server{pool}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /Cities", s.cities)
	mux.HandleFunc("GET /Forecast/{id}", s.forecast)
	mux.HandleFunc("POST /Forecast/{id}", s.addForecast)
	mux.HandleFunc("GET /WeatherForecast", s.weather)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"msg\":\"listening\",\"url\":\"http://%s\"}\n", listener.Addr())
	go func() { log.Print(http.Serve(listener, mux)) }()
	<-ctx.Done()
}

func (s server) cities(w http.ResponseWriter, r *http.Request) {
	rows, err := s.pool.Query(r.Context(), selectCities)
	if err != nil {
		fail(w, err)
		return
	}
	cities, err := pgx.CollectRows(rows, pgx.RowToStructByPos[city])
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, cities)
}

func (s server) forecast(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "id must be an integer", http.StatusBadRequest)
		return
	}
	rows, err := s.pool.Query(r.Context(), selectForecast, id)
	if err != nil {
		fail(w, err)
		return
	}
	value, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[forecast])
	if err == pgx.ErrNoRows {
		http.Error(w, "not found", http.StatusNotFound)
	} else if err != nil {
		fail(w, err)
	} else {
		answer(w, value)
	}
}

func (s server) addForecast(w http.ResponseWriter, r *http.Request) {
	var value forecast
	cityID, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&value)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	value.CityID = cityID
	row := s.pool.QueryRow(r.Context(), insertForecast, cityID, value.DateTime, value.Temperature, value.Summary)
	if err := row.Scan(&value.ID); err != nil {
		fail(w, err)
		return
	}
	answer(w, value)
}

// Rows go out as they come: memory does not grow with the data. Numbers are appended without reflection.
func (s server) weather(w http.ResponseWriter, r *http.Request) {
	rows, err := s.pool.Query(r.Context(), selectWeather)
	if err != nil {
		fail(w, err)
		return
	}
	defer rows.Close()
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(w, 64*1024)
	defer out.Flush()
	line := make([]byte, 0, 256)
	var current int64
	isFirstCity, isFirstValue := true, true
	out.WriteByte('[')
	for rows.Next() {
		var cityID int64
		var name string
		var id, dateTime *int64
		var temperature *int32
		var summary *string
		if err := rows.Scan(&cityID, &name, &id, &dateTime, &temperature, &summary); err != nil {
			panic(http.ErrAbortHandler)
		}
		line = line[:0]
		if isFirstCity || cityID != current {
			if !isFirstCity {
				line = append(line, "]},"...)
			}
			line = append(line, `{"id":`...)
			line = strconv.AppendInt(line, cityID, 10)
			line = append(line, `,"name":`...)
			line = appendText(line, name)
			line = append(line, `,"forecast":[`...)
			isFirstCity, isFirstValue, current = false, true, cityID
		}
		if id != nil {
			if !isFirstValue {
				line = append(line, ',')
			}
			isFirstValue = false
			line = append(line, `{"id":`...)
			line = strconv.AppendInt(line, *id, 10)
			line = append(line, `,"cityId":`...)
			line = strconv.AppendInt(line, cityID, 10)
			line = append(line, `,"dateTime":`...)
			line = appendNumber(line, dateTime)
			line = append(line, `,"temperature":`...)
			line = appendNumber(line, temperature)
			line = append(line, `,"summary":`...)
			if summary == nil {
				line = append(line, "null"...)
			} else {
				line = appendText(line, *summary)
			}
			line = append(line, '}')
		}
		out.Write(line)
	}
	if rows.Err() != nil {
		panic(http.ErrAbortHandler)
	}
	if !isFirstCity {
		out.WriteString("]}")
	}
	out.WriteByte(']')
}

func appendNumber[T int32 | int64](line []byte, number *T) []byte {
	if number == nil {
		return append(line, '0')
	}
	return strconv.AppendInt(line, int64(*number), 10)
}

func appendText(line []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return append(line, quoted...)
}

func answer(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}
